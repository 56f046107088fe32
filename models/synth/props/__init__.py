"""Things on and round a head: hair, glasses, headwear, masks, bodies, hands, objects."""
