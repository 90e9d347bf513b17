/** The state under which the post step finds the directory with Docker's login. */
export const CONFIGURATION = 'docker-configuration';
