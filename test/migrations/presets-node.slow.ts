import { describePresets } from './preset-cases.ts';

/** TypeORM, Prisma and Knex against a real PostgreSQL. */
describePresets('node');
