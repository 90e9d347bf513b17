/** The database of a shop, as the files that were there before have made it. */
export const SHOP = `
DO $$ BEGIN CREATE ROLE shop; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TYPE color AS ENUM ('red', 'blue');
CREATE TYPE address AS (street text, city text);
CREATE DOMAIN price AS numeric(10,2);
CREATE SEQUENCE tickets;
CREATE SCHEMA audit;
CREATE TABLE customers (
  id bigserial PRIMARY KEY,
  email varchar(100) NOT NULL UNIQUE,
  name text,
  favourite color DEFAULT 'red',
  home address,
  level integer NOT NULL DEFAULT 1
);
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer_id bigint REFERENCES customers (id) ON DELETE CASCADE,
  total price,
  note varchar(50),
  status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid')),
  number integer,
  weight numeric(6,2),
  paid_at timestamp(3),
  filled text NOT NULL
);
CREATE UNIQUE INDEX orders_number ON orders (number);
CREATE INDEX orders_note ON orders (note);
CREATE TABLE tags (word text, order_id integer);
CREATE VIEW paid AS SELECT id, total FROM orders WHERE status = 'paid';
CREATE VIEW plain AS SELECT * FROM tags;
CREATE FUNCTION tax(amount numeric) RETURNS numeric LANGUAGE sql AS 'SELECT amount * 0.2';
CREATE FUNCTION numbered(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n + 1';
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.filled = 'x'; RETURN NEW; END $$;
CREATE TRIGGER filling BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fill();
CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
GRANT USAGE ON SCHEMA public TO shop;
GRANT ALL ON ALL TABLES IN SCHEMA public TO shop;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO shop;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO shop;
`;

/** Rows that are there. */
export const STOCK = `
INSERT INTO customers (email, name) VALUES ('one@shop.example', 'one'), ('two@shop.example', NULL);
INSERT INTO orders (customer_id, total, note, number) VALUES (1, 10, 'a', 1), (1, 20, NULL, NULL), (2, 30, 'b', 3);
INSERT INTO tags VALUES ('red', 1), ('red', 1), (NULL, 99);
INSERT INTO events VALUES ('2025-05-05', 'x'), ('2026-05-05', 'y');
`;

/** What the code of before does, each in a transaction of its own that is taken back. */
export const OLD_CODE: readonly string[] = [
  "INSERT INTO customers (email, name) VALUES ('three@shop.example', NULL)",
  "INSERT INTO customers (email) VALUES ('one@shop.example') ON CONFLICT (email) DO UPDATE SET name = 'again'",
  "INSERT INTO customers (email, favourite, home, level) VALUES ('four@shop.example', 'blue', ROW('street', 'city'), 2)",
  "INSERT INTO customers (id, email) VALUES (1000, 'five@shop.example')",
  "INSERT INTO customers (email) VALUES (repeat('x', 100))",
  "SELECT id, email, name, favourite, (home).street, level FROM customers WHERE favourite = 'red'",
  'SELECT numbered(level) FROM customers',
  "UPDATE customers SET name = NULL, level = level + 1 WHERE email = 'one@shop.example'",
  'DELETE FROM customers WHERE id = 2',
  "INSERT INTO orders (customer_id, total, note, status, number) VALUES (1, 12345678.25, repeat('n', 50), 'paid', 7)",
  'INSERT INTO orders (customer_id) VALUES (NULL)',
  "INSERT INTO orders (number, note) VALUES (1, 'again') ON CONFLICT (number) DO UPDATE SET note = EXCLUDED.note",
  'INSERT INTO orders (customer_id, total, weight) VALUES (1, -5, 9999.25)',
  "INSERT INTO orders (note, paid_at) VALUES ('a', '2026-01-01 10:00:00.123')",
  'SELECT id, customer_id, total, note, status, number, weight, paid_at FROM orders WHERE total > 5',
  "UPDATE orders SET status = 'paid', total = tax(100), note = NULL WHERE id = 1",
  "UPDATE orders SET number = number + 100 WHERE status = 'new'",
  'DELETE FROM orders WHERE id = 1',
  "INSERT INTO tags (word, order_id) VALUES ('red', 1)",
  'INSERT INTO tags (word, order_id) VALUES (NULL, 424242)',
  'UPDATE tags SET order_id = 1',
  'SELECT word, order_id FROM tags',
  'SELECT id, total FROM paid',
  "INSERT INTO plain (word) VALUES ('through')",
  'UPDATE plain SET word = NULL',
  'SELECT tax(10), tax(amount => 10)',
  "SELECT nextval('tickets')",
  "INSERT INTO events VALUES ('2025-06-06', 'z')",
  "SELECT what FROM events WHERE at < '2026-01-01'",
  // Whoever counts on rows that are there.
  'SELECT 1 / count(*) FROM orders',
  'SELECT 1 / count(*) FROM tags',
  'SELECT 1 / (count(*) - 1) FROM events',
];

export interface Change {
  readonly sql: string;
  readonly compatible: boolean;
  /** The rules of the findings that decide; none where it is compatible. */
  readonly rules?: readonly string[];
  /** More of the code of before, where the usual statements do not meet the change. */
  readonly old?: readonly string[];
}

const free = (sql: string): Change => ({ sql, compatible: true });
const breaks = (sql: string, rule: string, ...old: string[]): Change => ({
  sql,
  compatible: false,
  rules: [rule],
  old,
});

/** Changes of the shop's schema, and what the code of before makes of them on a real PostgreSQL. */
export const CHANGES: readonly Change[] = [
  free(
    'CREATE TABLE refunds (id serial PRIMARY KEY, order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE)',
  ),
  free('ALTER TABLE orders ADD COLUMN discount integer'),
  free("ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web'"),
  free(
    "ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web' CHECK (channel IN ('web', 'shop'))",
  ),
  free('ALTER TABLE orders ADD COLUMN discount integer CHECK (discount > 0 AND discount < 100)'),
  free(
    'ALTER TABLE orders ADD COLUMN discount integer, ADD CONSTRAINT d CHECK (discount IS NULL OR discount < total)',
  ),
  free('ALTER TABLE orders ADD COLUMN sku text UNIQUE'),
  free('ALTER TABLE orders ADD COLUMN sku text; CREATE UNIQUE INDEX sku ON orders (sku, customer_id)'),
  free('ALTER TABLE orders ADD COLUMN uid uuid NOT NULL DEFAULT gen_random_uuid() '),
  free('ALTER TABLE orders ADD COLUMN line bigint GENERATED ALWAYS AS IDENTITY UNIQUE'),
  free('ALTER TABLE orders ADD COLUMN double numeric GENERATED ALWAYS AS (total * 2) STORED'),
  free('ALTER TABLE orders ADD COLUMN uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE'),
  free('ALTER TABLE orders ADD COLUMN parent integer REFERENCES orders (id)'),
  free(
    'ALTER TABLE orders ADD COLUMN a integer; ALTER TABLE orders ALTER COLUMN a SET DEFAULT 1; UPDATE orders SET a = 1; ALTER TABLE orders ALTER COLUMN a SET NOT NULL',
  ),
  free(
    'ALTER TABLE orders ADD COLUMN a integer; ALTER TABLE orders RENAME COLUMN a TO b; ALTER TABLE orders DROP COLUMN b',
  ),
  free('CREATE INDEX orders_total ON orders (total)'),
  free('DROP INDEX orders_note'),
  free('CREATE UNIQUE INDEX again ON orders (number); DROP INDEX orders_number'),
  free('DROP INDEX orders_number; CREATE UNIQUE INDEX orders_number ON orders (number)'),
  free('ALTER TABLE orders ALTER COLUMN note TYPE varchar(80)'),
  free('ALTER TABLE orders ALTER COLUMN note TYPE text'),
  free('ALTER TABLE orders ALTER COLUMN weight TYPE numeric(9,2)'),
  free('ALTER TABLE orders ALTER COLUMN weight TYPE numeric'),
  free('ALTER TABLE orders ALTER COLUMN paid_at TYPE timestamp'),
  free('ALTER TABLE customers ALTER COLUMN level SET DEFAULT 2'),
  free('ALTER TABLE customers ALTER COLUMN level DROP NOT NULL'),
  free('ALTER TABLE orders DROP CONSTRAINT orders_status_check'),
  free(
    "ALTER TABLE orders DROP CONSTRAINT orders_status_check, ADD CONSTRAINT orders_status_check CHECK (status IN ('new', 'paid', 'sent'))",
  ),
  free(
    'ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey, ADD CONSTRAINT customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL',
  ),
  free("ALTER TYPE color ADD VALUE 'green'"),
  free("CREATE OR REPLACE VIEW paid AS SELECT id, total, note FROM orders WHERE status = 'paid'"),
  free(
    "DROP VIEW paid; CREATE VIEW paid AS SELECT id, total, note FROM orders WHERE status = 'paid'; GRANT SELECT ON paid TO shop",
  ),
  free(
    'ALTER TABLE tags RENAME TO labels; CREATE VIEW tags AS SELECT * FROM labels; GRANT ALL ON tags TO shop',
  ),
  free(
    "CREATE OR REPLACE FUNCTION tax(amount numeric) RETURNS numeric LANGUAGE sql AS 'SELECT amount * 0.19'",
  ),
  free(
    "DROP FUNCTION tax(numeric); CREATE FUNCTION tax(amount numeric, rate numeric DEFAULT 0.2) RETURNS numeric LANGUAGE sql AS 'SELECT amount * rate'",
  ),
  free("CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"),
  free('UPDATE orders SET note = lower(note)'),
  free(
    'DO $$ BEGIN ALTER TABLE orders ADD COLUMN x integer; EXCEPTION WHEN duplicate_column THEN NULL; END $$',
  ),
  free('ALTER TABLE customers ADD CONSTRAINT mail UNIQUE (email)'),
  free('ALTER TABLE orders ADD CONSTRAINT taken UNIQUE USING INDEX orders_number'),

  breaks('DROP TABLE tags CASCADE', 'drop-table'),
  breaks('DROP VIEW paid', 'drop-view'),
  breaks(
    "DROP VIEW paid; CREATE VIEW paid AS SELECT id, total FROM orders WHERE status = 'paid'",
    'rights-gone',
  ),
  breaks(
    'DROP VIEW paid; CREATE VIEW paid AS SELECT id FROM orders; GRANT ALL ON paid TO shop',
    'replace-view',
  ),
  breaks('CREATE OR REPLACE VIEW plain AS SELECT DISTINCT * FROM tags', 'replace-view'),
  breaks('DROP FUNCTION tax(numeric)', 'drop-function'),
  breaks(
    "DROP FUNCTION tax(numeric); CREATE FUNCTION tax(amount numeric, rate numeric) RETURNS numeric LANGUAGE sql AS 'SELECT amount * rate'",
    'drop-function',
  ),
  breaks('DROP SEQUENCE tickets', 'drop-sequence'),
  breaks('DROP TYPE address CASCADE', 'drop-type'),
  breaks('DROP TRIGGER filling ON orders', 'drop-trigger'),
  breaks('ALTER TABLE orders DROP COLUMN note', 'drop-column'),
  breaks(
    "DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN %I', 'orders', 'note'); END $$",
    'drop-column',
  ),
  breaks('ALTER TABLE orders RENAME COLUMN note TO remark', 'rename-column'),
  breaks('ALTER TABLE tags RENAME TO labels', 'rename-table'),
  breaks('ALTER TABLE tags SET SCHEMA audit', 'set-schema'),
  breaks('ALTER FUNCTION tax(numeric) RENAME TO duty', 'rename-other'),
  breaks('ALTER SEQUENCE tickets RENAME TO numbers', 'rename-sequence'),
  breaks("ALTER TYPE color RENAME VALUE 'blue' TO 'navy'", 'rename-enum-value'),
  breaks('ALTER TYPE address ADD ATTRIBUTE country text', 'change-composite-type'),
  breaks('ALTER DOMAIN price ADD CHECK (VALUE >= 0) NOT VALID', 'change-domain'),
  breaks('ALTER TABLE orders ALTER COLUMN note TYPE varchar(20)', 'change-type'),
  breaks('ALTER TABLE customers ALTER COLUMN level TYPE bigint', 'change-type'),
  breaks('ALTER TABLE orders ALTER COLUMN weight TYPE numeric(5,3)', 'change-type'),
  breaks(
    'ALTER TABLE customers ALTER COLUMN level TYPE smallint',
    'change-type',
    "INSERT INTO customers (email, level) VALUES ('n2@shop.example', 70000)",
  ),
  breaks(
    "UPDATE customers SET name = '' WHERE name IS NULL; ALTER TABLE customers ALTER COLUMN name SET NOT NULL",
    'set-not-null',
  ),
  breaks(
    'ALTER TABLE orders ADD COLUMN a integer; UPDATE orders SET a = 1; ALTER TABLE orders ALTER COLUMN a SET NOT NULL',
    'required-column',
  ),
  breaks(
    'ALTER TABLE orders ADD COLUMN a integer NOT NULL DEFAULT 1; ALTER TABLE orders ALTER COLUMN a DROP DEFAULT',
    'required-column',
  ),
  breaks(
    'CREATE TABLE more (a integer); TRUNCATE tags; ALTER TABLE tags ADD COLUMN a integer NOT NULL',
    'required-column',
  ),
  breaks('ALTER TABLE customers ALTER COLUMN level DROP DEFAULT', 'drop-default'),
  breaks('ALTER TABLE customers ALTER COLUMN id DROP DEFAULT', 'drop-default'),
  breaks(
    'ALTER TABLE customers ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START 100)',
    'generated-always',
  ),
  breaks('ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID', 'add-check'),
  breaks(
    "ALTER TABLE orders ADD COLUMN a integer, ADD CONSTRAINT either CHECK (a IS NOT NULL OR status = 'paid') NOT VALID",
    'add-check',
  ),
  breaks(
    "ALTER TABLE orders DROP CONSTRAINT orders_status_check, ADD CONSTRAINT orders_status_check CHECK (status IN ('new', 'sent')) NOT VALID",
    'add-check',
  ),
  breaks(
    'CREATE UNIQUE INDEX once ON tags (word) WHERE order_id = 424242',
    'add-unique',
    "INSERT INTO tags VALUES ('x', 424242), ('x', 424242)",
  ),
  breaks(
    'ALTER TABLE customers ADD CONSTRAINT one_name UNIQUE (name)',
    'add-unique',
    "INSERT INTO customers (email, name) VALUES ('n1@shop.example', 'one')",
  ),
  breaks(
    'ALTER TABLE orders ADD COLUMN double numeric GENERATED ALWAYS AS (total * 2) STORED UNIQUE',
    'add-unique',
    'INSERT INTO orders (total) VALUES (10)',
  ),
  breaks('ALTER TABLE orders ADD EXCLUDE (note WITH =)', 'add-exclusion'),
  breaks(
    'ALTER TABLE tags ADD CONSTRAINT of FOREIGN KEY (order_id) REFERENCES orders (id) NOT VALID',
    'add-foreign-key',
  ),
  breaks('DROP INDEX orders_number', 'drop-unique'),
  breaks('ALTER TABLE customers DROP CONSTRAINT customers_email_key', 'drop-unique'),
  breaks(
    'ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey',
    'drop-cascade',
    'DELETE FROM customers WHERE id = 1; SELECT 1 / (SELECT (count(*) = 0)::integer FROM orders WHERE customer_id = 1)',
  ),
  breaks(
    'ALTER TABLE customers RENAME CONSTRAINT customers_email_key TO mail',
    'rename-constraint',
    "INSERT INTO customers (email) VALUES ('one@shop.example') ON CONFLICT ON CONSTRAINT customers_email_key DO NOTHING",
  ),
  breaks('ALTER TABLE events DETACH PARTITION events_2025', 'detach-partition'),
  breaks('REVOKE INSERT ON tags FROM shop', 'revoke'),
  breaks('ALTER TABLE tags ENABLE ROW LEVEL SECURITY', 'row-security'),
  breaks('TRUNCATE tags', 'empty-table'),
  breaks('DELETE FROM tags', 'empty-table'),
  breaks('DELETE FROM tags WHERE true', 'empty-table'),
  breaks('WITH gone AS (DELETE FROM tags RETURNING word) SELECT count(*) FROM gone', 'empty-table'),
];

/** Changes that make others wait, with the lock that PostgreSQL takes for them on the table. */
export const BLOCKING: readonly {
  readonly sql: string;
  readonly rule: string;
  readonly lock: string;
  readonly table: string;
}[] = [
  { sql: 'CREATE INDEX i ON orders (total)', rule: 'create-index', lock: 'SHARE', table: 'orders' },
  { sql: 'DROP INDEX orders_note', rule: 'drop-index-lock', lock: 'ACCESS EXCLUSIVE', table: 'orders' },
  { sql: 'REINDEX TABLE orders', rule: 'reindex', lock: 'SHARE', table: 'orders' },
  {
    sql: 'ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0)',
    rule: 'add-constraint-scan',
    lock: 'ACCESS EXCLUSIVE',
    table: 'orders',
  },
  {
    sql: 'ALTER TABLE tags ADD CONSTRAINT f FOREIGN KEY (order_id) REFERENCES orders',
    rule: 'add-foreign-key-scan',
    lock: 'SHARE ROW EXCLUSIVE',
    table: 'tags',
  },
  {
    sql: 'ALTER TABLE tags ADD UNIQUE (word)',
    rule: 'add-constraint-index',
    lock: 'ACCESS EXCLUSIVE',
    table: 'tags',
  },
  {
    sql: 'ALTER TABLE customers ALTER COLUMN name SET NOT NULL',
    rule: 'set-not-null-scan',
    lock: 'ACCESS EXCLUSIVE',
    table: 'customers',
  },
  {
    sql: 'ALTER TABLE customers ALTER COLUMN level TYPE bigint',
    rule: 'change-type-rewrite',
    lock: 'ACCESS EXCLUSIVE',
    table: 'customers',
  },
  {
    sql: 'ALTER TABLE orders ADD COLUMN a uuid DEFAULT gen_random_uuid()',
    rule: 'add-column-rewrite',
    lock: 'ACCESS EXCLUSIVE',
    table: 'orders',
  },
  {
    sql: 'ALTER TABLE orders ADD COLUMN a serial',
    rule: 'add-column-rewrite',
    lock: 'ACCESS EXCLUSIVE',
    table: 'orders',
  },
  { sql: 'VACUUM FULL orders', rule: 'rewrite', lock: 'ACCESS EXCLUSIVE', table: 'orders' },
  { sql: 'CLUSTER orders USING orders_note', rule: 'rewrite', lock: 'ACCESS EXCLUSIVE', table: 'orders' },
  { sql: 'ALTER TABLE orders SET UNLOGGED', rule: 'rewrite', lock: 'ACCESS EXCLUSIVE', table: 'orders' },
  { sql: 'LOCK TABLE orders IN SHARE MODE', rule: 'lock-table', lock: 'SHARE', table: 'orders' },
  { sql: 'UPDATE orders SET note = upper(note)', rule: 'update-all', lock: 'ROW EXCLUSIVE', table: 'orders' },
  {
    sql: 'ALTER TABLE orders ADD COLUMN a int; UPDATE orders SET a = number WHERE a IS NULL',
    rule: 'update-all',
    lock: 'ROW EXCLUSIVE',
    table: 'orders',
  },
  {
    sql: 'ALTER TABLE events DETACH PARTITION events_2025',
    rule: 'detach-partition-lock',
    lock: 'ACCESS EXCLUSIVE',
    table: 'events',
  },
  {
    sql: 'BEGIN; ALTER TABLE orders ADD CONSTRAINT c CHECK (number > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c; COMMIT',
    rule: 'validate-in-transaction',
    lock: 'ACCESS EXCLUSIVE',
    table: 'orders',
  },
  {
    sql: "CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    rule: 'create-partition',
    lock: 'ACCESS EXCLUSIVE',
    table: 'events',
  },
  {
    sql: 'CREATE TRIGGER again BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION fill()',
    rule: 'create-trigger',
    lock: 'SHARE ROW EXCLUSIVE',
    table: 'tags',
  },
];
