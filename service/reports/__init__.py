"""What people get to read, composed from rendered texts: mails now, in their HTML and their plain form."""
