import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Message = components["schemas"]["Message"];
export type Viewer = components["schemas"]["Viewer"];
export type User = components["schemas"]["User"];
export type Invitation = components["schemas"]["Invitation"];
export type Overview = components["schemas"]["OverviewOutBody"];
export type Call = components["schemas"]["Call"];
export type Trunk = components["schemas"]["Trunk"];

type Problem = components["schemas"]["ErrorModel"];

/** What the server answered instead of what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  /** Sentences by the name of the field that they are about. */
  readonly fields: Record<string, string>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? "The server cannot be reached. Try again in a moment.");
    this.status = status;
    this.fields = {};
    for (const e of problem.errors ?? []) {
      const field = e.location?.replace(/^body\./, "");
      if (field && e.message) this.fields[field] = e.message;
    }
  }
}

export const client = createClient<paths>({ baseUrl: "/api" });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Waits for an answer and throws an ApiError unless it is a good one. */
export async function need<T>(answer: Promise<Answer<T>>): Promise<T> {
  let got: Answer<T>;
  try {
    got = await answer;
  } catch {
    throw new ApiError(0, {});
  }
  if (!got.response.ok) {
    const problem = typeof got.error === "object" && got.error !== null ? (got.error as Partial<Problem>) : {};
    throw new ApiError(got.response.status, problem);
  }
  return got.data as T;
}

/** What to tell a person about a failure. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
