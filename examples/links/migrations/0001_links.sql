CREATE TABLE links (
  slug TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  expires INTEGER NOT NULL -- milliseconds since 1970, as all times here
) STRICT;

CREATE TABLE clicks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slug TEXT NOT NULL REFERENCES links ON DELETE CASCADE,
  time INTEGER NOT NULL
) STRICT;

CREATE INDEX clicks_of_a_link ON clicks (slug, id);
CREATE INDEX expired_links ON links (expires);
