"""`cds-service` with every logger at DEBUG, SQLAlchemy's with their parameters and rows among them.

Run as a program, with the command line of `cds-service`.
"""

import logging.config

from cds_service.__main__ import run
from cds_service.server import LOG_CONFIG

if __name__ == "__main__":
    LOG_CONFIG["root"]["level"] = "DEBUG"
    for name in ("sqlalchemy", *LOG_CONFIG["loggers"]):  # the first keeps itself at WARNING whatever the root says
        LOG_CONFIG["loggers"].setdefault(name, {})["level"] = "DEBUG"
    logging.config.dictConfig(LOG_CONFIG)  # before the engines are made, which look at the level but once
    run()
