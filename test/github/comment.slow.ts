import { expect, test } from 'vitest';
import { describeComments } from './comments.ts';
import { check } from './description.ts';
import type { Exchange } from './github-server.ts';

describeComments(check);

test("what GitHub's description does not know is found", () => {
  const good: Exchange = {
    method: 'POST',
    template: '/repos/{owner}/{repo}/issues/{issue_number}/comments',
    query: {},
    headers: {},
    body: { body: 'text' },
    status: 404,
    answer: {},
  };
  expect(check(good)).toEqual([]);
  expect(check({ ...good, body: { text: 'text' } })).not.toEqual([]);
  expect(check({ ...good, query: { page: '1' } })).not.toEqual([]);
  expect(check({ ...good, status: 201, answer: { id: 1 } })).not.toEqual([]);
  expect(check({ ...good, method: 'PUT' })).not.toEqual([]);
});
