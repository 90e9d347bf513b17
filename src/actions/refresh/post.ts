/** What is left of a refresh is what is left of any rollout. */
export { run } from '../canary/post.ts';
