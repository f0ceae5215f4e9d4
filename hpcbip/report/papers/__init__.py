"""The figures of the source papers, drawn from the atlas and from the companion theories.

`theories/` holds those that rest on theory alone, `campaigns/` those that rest on campaigns; a figure is
registered by its line in `registry.PAPER_FIGURES`. Published values have one home, `published`.
"""
