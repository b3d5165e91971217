"""Character cards: the files they travel in, and what they hold.

``containers.unpack`` says what a file is and takes the card out of it.
"""
