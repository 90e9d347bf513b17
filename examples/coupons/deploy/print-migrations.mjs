// Prints the SQL of TypeORM migrations, without a database: node deploy/print-migrations.mjs FILE...
// What migration:generate writes is nothing but queries. A migration that reads before it writes cannot be printed.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const print = (sql, parameters) => {
  if (parameters?.length) throw new Error(`a query with parameters cannot be printed: ${sql}`);
  console.log(`${sql.trim().replace(/;$/, '')};`);
  return [];
};

const queryRunner = new Proxy(
  {},
  {
    get(_, name) {
      if (name === 'query') return async (sql, parameters) => print(sql, parameters);
      throw new Error(`queryRunner.${String(name)} cannot be printed; write it as queryRunner.query`);
    },
  },
);

for (const file of process.argv.slice(2)) {
  console.log(`-- ${file}`);
  const { default: all, ...named } = await import(pathToFileURL(resolve(file)).href);
  const exported = new Set([all, ...Object.values(all ?? {}), ...Object.values(named)]);
  const migrations = [...exported].filter((each) => typeof each?.prototype?.up === 'function');
  if (migrations.length === 0) throw new Error(`${file} has no migration`);
  for (const Migration of migrations) await new Migration().up(queryRunner);
}
