"""The other end of sd_notify(3): a socket that takes down what a service says."""

import os
import socket
import time


class Notify:
    """`env` goes to the service; said() is a list of (seconds, {name: value}) until now."""

    def __init__(self, folder, watchdog_seconds=None):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.start = time.monotonic()
        self.messages = []
        self.env = {"NOTIFY_SOCKET": self.path}
        if watchdog_seconds:
            self.env["WATCHDOG_USEC"] = str(int(1e6 * watchdog_seconds))

    def close(self):
        self.socket.close()

    def said(self):
        while True:
            try:
                data = self.socket.recv(65536).decode()
            except BlockingIOError:
                return self.messages
            fields = dict(line.split("=", 1) for line in data.splitlines())
            self.messages.append((time.monotonic() - self.start, fields))

    def values(self, name):
        return [m[name] for _, m in self.said() if name in m]
