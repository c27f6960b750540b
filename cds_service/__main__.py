"""Where the `cds-service` command, and `python -m cds_service`, begin."""

import gc


def run() -> None:
    """Read the code with the garbage collector at rest, then run the command line.

    Importing makes hundreds of thousands of objects and next to no garbage: looking through them again and again
    costs a tenth of the time to start, and once as soon as the collector is at work again, and once more when the
    service is up, another tenth. So it is told to leave them alone.
    """
    gc.disable()
    from cds_service.cli import main  # noqa: PLC0415 - imported while the collector rests, which is the point

    gc.freeze()
    gc.enable()
    main()


if __name__ == "__main__":
    run()
