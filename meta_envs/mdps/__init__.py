"""Small Markov decision processes with discrete states."""
