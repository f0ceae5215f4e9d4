"""The atlas: results of finished production campaigns that travel with the package, and their configurations.

campaigns/NAME.yaml    the configuration of a campaign, finished or not
campaigns/NAME.csv     the records of its points, if it is finished (`hpcbip.catalogue.csv_format`)
"""
