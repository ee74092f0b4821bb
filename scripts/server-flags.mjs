/**
 * Flags of Node for servers (the Dockerfile has them too). Young objects get 32 MB instead of 16: requests are many and short,
 * so that fewer of their objects are copied before they are gone.
 */
export const serverFlags = ['--max-semi-space-size=32'];
