"""The atlas: results of finished production campaigns that travel with the package, and their configurations.

campaigns/NAME.yaml    the configuration of a campaign, finished or not
campaigns/NAME.csv     the records of its points, if it is finished (`hpcbip.catalogue.csv_format`)
"""

from hpcbip.catalogue.addition import add_campaign
from hpcbip.catalogue.entries import campaign_names, configuration_path, read_records
from hpcbip.catalogue.selection import select

__all__ = ["add_campaign", "campaign_names", "configuration_path", "read_records", "select"]
