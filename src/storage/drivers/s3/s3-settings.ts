import { z } from 'zod';

/** Settings of the `s3` driver. */
export const S3StorageSettings = z.strictObject({
  driver: z.literal('s3'),
  /** Base URL of the store, as the server, clients and pilots all reach it. */
  endpoint: z.url({ protocol: /^https?$/ }),
  region: z.string().min(1),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name of S3'),
  /** Folder within the bucket. */
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, 'must be a relative path')
    .max(200)
    .optional(),
  /** Whether the bucket stands in the path of a URL instead of its host name. */
  path_style: z.boolean().default(true),
  access_key: z.string().min(1),
  secret_key: z.string().min(1),
  /** Seconds until a connection must stand. */
  connect_timeout: z.number().positive().max(60).default(3),
  /** Seconds without a byte after which a request is given up. */
  timeout: z.number().positive().max(600).default(30),
});
export type S3StorageSettings = z.output<typeof S3StorageSettings>;
