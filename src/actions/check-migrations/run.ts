import { loadParser } from '../../schema-changes/parser.ts';
import type { ActionContext } from '../action.ts';
export async function run({ reporter }: ActionContext): Promise<void> {
  const parser = await loadParser();
  reporter.info(JSON.stringify(parser.parse('DROP TABLE a').statements));
}
