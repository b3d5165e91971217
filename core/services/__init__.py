"""What people, invitations and keys can have done to them."""
