"""What all figures share: one style, the layout of panels, the drawing of series of points, and saving."""
