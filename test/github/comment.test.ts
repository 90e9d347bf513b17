import { describeComments } from './comments.ts';

describeComments();
