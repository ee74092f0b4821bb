import { Controller } from '@nestjs/common';
import { endpoints, server } from '../contract/index.js';
import { Handles, version } from '../platform/index.js';
import { openApi } from './openapi.js';

/** The description of the API, for programs. */
@Controller()
export class OpenApiController {
  private readonly document = openApi(endpoints, version);

  @Handles(server.openapi)
  show(): Record<string, unknown> {
    return this.document;
  }
}
