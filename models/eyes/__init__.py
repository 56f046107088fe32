"""The eye model: lids and irises of one eye from a small grey patch."""
