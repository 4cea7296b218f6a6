"""Reports: a frozen value first, its text second. Nothing here prints."""
