import { describePresets } from './preset-cases.ts';

/** Flyway and Liquibase against a real PostgreSQL. */
describePresets('java');
