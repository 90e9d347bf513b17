import { describePresets } from './preset-cases.ts';

/** Alembic, Django, Rails and golang-migrate against a real PostgreSQL. */
describePresets('other');
