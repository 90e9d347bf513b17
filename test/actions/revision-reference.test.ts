import { expect, test } from 'vitest';
import { arnBeside, parseRevision } from '../../src/actions/revision-reference.ts';

const ARN = 'arn:aws:ecs:eu-west-1:123456789012:task-definition';

test.each([
  ['2', `${ARN}/web:2`],
  ['shop:2', `${ARN}/shop:2`],
  [`${ARN}/other:7`, `${ARN}/other:7`],
])('the ARN of %s is in the account and region of what the service runs', (text, arn) => {
  expect(arnBeside(parseRevision(text, 'task-definition', 'eu-west-1'), `${ARN}/web:3`)).toBe(arn);
});
