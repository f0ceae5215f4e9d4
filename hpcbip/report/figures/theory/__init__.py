"""The figures of the companion theories, one file each for the verbs of `hpcbip theory`; none needs a
campaign.
"""
