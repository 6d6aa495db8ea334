"""A call in a browser: Chromium's getUserMedia finds "dfnet4 microphone" among the devices, and what it
records is the clean sound.

A page on a server of our own opens the device, without the browser's own processing, and sends what
it hears, as floats."""

import array
import http.server
import queue
import shutil
import sys
import threading

import demo
from demo import DESCRIPTION, RATE
from pipewire import *

SECONDS = 7  # of recording: more than the demo has
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--use-fake-ui-for-media-stream",  # nobody is there to allow it; the devices are real
           "--autoplay-policy=no-user-gesture-required"]
PAGE = """<!doctype html><meta charset="utf-8"><script>
const plain = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
const tap = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process(inputs) { if (inputs[0].length) this.port.postMessage(inputs[0][0]); return true; }
});`;
async function devices() {  // they have names once one was opened
    const any = await navigator.mediaDevices.getUserMedia({audio: true});
    any.getTracks().forEach(track => track.stop());
    return (await navigator.mediaDevices.enumerateDevices()).filter(d => d.kind == "audioinput");
}
async function listen() {
    const found = await devices(), names = found.map(d => d.label);
    const device = found.find(d => d.label == "%(device)s");
    if (!device) throw "no %(device)s among " + JSON.stringify(names);
    const stream = await navigator.mediaDevices.getUserMedia(
        {audio: {...plain, deviceId: {exact: device.deviceId}}});
    const context = new AudioContext({sampleRate: %(rate)d});
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([tap], {type: "text/javascript"})));
    const node = new AudioWorkletNode(context, "tap"), heard = new Float32Array(%(frames)d);
    let count = 0;
    node.port.onmessage = ({data}) => {
        const part = data.subarray(0, heard.length - count);
        heard.set(part, count);
        count += part.length;
        if (count < heard.length) return;
        node.port.onmessage = null;
        stream.getTracks().forEach(track => track.stop());
        fetch("/heard", {method: "POST", body: heard});
    };
    context.createMediaStreamSource(stream).connect(node).connect(context.destination);
    await context.resume();
}
listen().catch(why => fetch("/failed", {method: "POST", body: String(why)}));
</script>""" % {"device": DESCRIPTION, "rate": RATE, "frames": SECONDS * RATE}


class Server(http.server.ThreadingHTTPServer):
    """Gives the page to whoever asks, and what is sent to `sent`: (path, bytes)."""
    daemon_threads = True

    def __init__(self):
        self.sent = queue.SimpleQueue()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(PAGE.encode())

    def do_POST(self):
        self.server.sent.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(b"")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Chromium(demo.Case):
    def call(self, pw):
        """What the page hears in one visit."""
        server = Server()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.visits = getattr(self, "visits", 0) + 1
        browser = pw.spawn(f"chromium-{self.visits}", [
            "chromium", *OPTIONS, f"--user-data-dir={pw.folder}/browser-{self.visits}",
            f"http://127.0.0.1:{server.server_port}/"])
        try:
            path, body = server.sent.get(timeout=60)
        except queue.Empty:
            self.fail("nothing from the page")
        finally:
            browser.kill()
        self.assertEqual(path, "/heard", body[:500])
        return array.array("f", body)

    def test_call(self):
        pw = self.start()
        self.check("Chromium", lambda: self.call(pw))


if __name__ == "__main__":
    if not shutil.which("chromium"):
        print("skipped: there is no chromium")
        sys.exit(1 if os.environ.get("CI") else 77)
    main()
