import { Text } from "@mantine/core";
import { useState } from "react";
import { CopyField } from "../app/CopyField";
import { Entry } from "./Entry";

/** What a browser shows for an invitation that is meant for "tandem enroll". Opening it uses nothing up. */
export function JoinPage() {
  const [link] = useState(() => location.href);
  return (
    <Entry title="Add a device" lead="This invitation is for the computer that your phone runs on. Enter there:">
      <CopyField label="Command" value={`tandem enroll '${link.replaceAll("'", "%27")}'`} />
      <Text size="sm" c="dimmed">
        It makes a key that never leaves that computer, and gets a certificate for it. The invitation is good once.
      </Text>
    </Entry>
  );
}
