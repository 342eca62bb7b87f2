import { Alert } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { ApiError, sentence } from "../api/client";

/** The sentences of a refusal for a form's fields; rename maps the API's field names to the form's. */
export function fieldsOf(error: unknown, rename: Record<string, string> = {}): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(
    Object.entries(error.fields).map(([field, text]) => [
      rename[field] ?? field,
      text.charAt(0).toUpperCase() + text.slice(1),
    ]),
  );
}

/** Says what went wrong, unless the fields say it. */
export function Complaint({ error }: { error: unknown }) {
  if (!error || Object.keys(fieldsOf(error)).length > 0) return null;
  return (
    <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden="true" />} role="alert">
      {sentence(error)}
    </Alert>
  );
}

export function longEnough(password: string): string | null {
  return password.length < 10 ? "Must have at least 10 characters" : null;
}
