"""Where the `cds-service` command, and `python -m cds_service`, begin."""

import gc


def run() -> None:
    """Read the code with the garbage collector at rest, then run the command line.

    Importing makes hundreds of thousands of objects and next to no garbage. The collector would look through them
    again and again meanwhile, once more afterwards, and once more when the service is up: a fifth of the time to start.
    So what was imported is kept from it for good.
    """
    gc.disable()
    from cds_service.cli import main  # noqa: PLC0415 - imported while the collector rests, which is the point

    gc.freeze()
    gc.enable()
    main()


if __name__ == "__main__":
    run()
