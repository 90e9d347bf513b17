/** The directory that relative paths of inputs start from. */
export const workspaceOf = (env: NodeJS.ProcessEnv): string => env['GITHUB_WORKSPACE'] || process.cwd();
