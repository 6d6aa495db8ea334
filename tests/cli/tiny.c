/* tiny.c - tiny FILE: write the small random model of the tests. */
#include "tiny_model.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    tiny_model_write(argv[1], &(tiny_model_config){.lookahead = 2});
    return 0;
}
