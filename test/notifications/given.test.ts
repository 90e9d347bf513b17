import { expect, it } from 'vitest';
import { readFields, readParts } from '../../src/notifications/given.ts';

it('reads fields from lines, the first colon between name and value', () => {
  expect(readFields('# a comment\nTasks: 4\n\n  Dashboard :  https://a.example/x  \nEmpty:')).toEqual({
    found: [
      { name: 'Tasks', value: '4' },
      { name: 'Dashboard', value: 'https://a.example/x' },
    ],
    problems: [],
  });
});

it('reads fields from a JSON mapping', () => {
  expect(readFields('{ "Tasks": 4, "Done": true, "None": null, "Empty": "" }').found).toEqual([
    { name: 'Tasks', value: '4' },
    { name: 'Done', value: 'true' },
  ]);
});

it('reads of jobs and steps nothing but their results', () => {
  const needs = {
    check: { result: 'success', outputs: { a: 'b' } },
    canary: { result: 'failure', outputs: {} },
  };
  const parts = [
    { name: 'check', result: 'success' },
    { name: 'canary', result: 'failure' },
  ];
  expect(readParts(JSON.stringify(needs, null, 2))).toEqual({ found: parts, problems: [] });
  const steps = {
    check: { outcome: 'success', conclusion: 'success', outputs: {} },
    canary: { outcome: 'failure', conclusion: 'success', outputs: {} },
  };
  expect(readParts(JSON.stringify(steps))).toEqual({ found: parts, problems: [] });
  expect(readParts('check: success\ncanary: failure')).toEqual({ found: parts, problems: [] });
});

it('says what is wrong without what was given', () => {
  expect(readFields('Tasks 4\n: 5').problems).toEqual([
    'line 1 is not "Name: value"',
    'line 2 is not "Name: value"',
  ]);
  expect(readFields('{ "a": "secret" ').problems).toEqual([
    'begins with "{" and is not JSON; write a line "Name: value" for each',
  ]);
  expect(readFields('{ "a": ["secret"] }').problems).toEqual(['"a" is a list; write one text']);
});
