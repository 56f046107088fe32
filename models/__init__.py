"""How the models are made: heads, position maps, synthesis, training, evaluation, export."""
