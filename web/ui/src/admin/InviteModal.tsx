import { Alert, Button, Group, Loader, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { client, need, sentence } from "../api/client";
import { CopyField } from "../app/CopyField";
import { Dialog } from "../app/Dialog";
import type { Invite } from "./PeoplePage";

export type Purpose = "device" | "password";

/** Makes a link and shows it, once. */
export function InviteModal({ invite, onClose }: { invite: Invite | null; onClose: () => void }) {
  return (
    <Dialog opened={invite !== null} onClose={onClose} size="lg" title={invite ? `Invite ${invite.user.name}` : ""}>
      {invite && <Links key={invite.user.id} invite={invite} onClose={onClose} />}
    </Dialog>
  );
}

function Links({ invite, onClose }: { invite: Invite; onClose: () => void }) {
  const [purpose, setPurpose] = useState<Purpose>(invite.purpose);
  return (
    <Stack>
      <SegmentedControl
        fullWidth
        value={purpose}
        onChange={(to) => setPurpose(to as Purpose)}
        aria-label="What for"
        data={[
          { value: "device", label: "A phone" },
          { value: "password", label: "This portal" },
        ]}
      />
      <TheLink key={purpose} user={invite.user.id} purpose={purpose} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}

function TheLink({ user, purpose }: { user: string; purpose: Purpose }) {
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () => need(client.POST("/admin/invitations", { body: { user, purpose } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["invitations"] }),
  });
  useEffect(() => make.reset, [make.reset]);
  if (make.isPending) return <Loader size="sm" aria-label="Making the link" />;
  if (make.data) return <Made link={make.data.link} purpose={purpose} until={make.data.invitation.expires_at} />;
  return (
    <Stack gap="sm">
      {make.isError && (
        <Alert color="red" variant="light" role="alert">
          {sentence(make.error)}
        </Alert>
      )}
      <Text size="sm" c="dimmed">
        {purpose === "device"
          ? "A link that gives one computer a certificate, so that its phone can join. It is good once, for a week."
          : "A link with which to choose a password for this portal. It is good once, for a week."}
      </Text>
      <div>
        <Button onClick={() => make.mutate()}>Make a link</Button>
      </div>
    </Stack>
  );
}

function Made({ link, purpose, until }: { link: string; purpose: Purpose; until: string }) {
  const good = `Good once, until ${new Date(until).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" })}. It is not shown again.`;
  if (purpose === "password")
    return (
      <Stack gap="xs">
        <CopyField label="Link" value={new URL(link, location.origin).href} />
        <Text size="sm" c="dimmed">
          Send it to them. {good}
        </Text>
      </Stack>
    );
  return (
    <Stack gap="xs">
      <CopyField label="Link" value={link} />
      <CopyField label="Command" value={`tandem enroll '${link}'`} />
      <Text size="sm" c="dimmed">
        On their computer, this command gets the certificate; then <code>tandem phone</code> connects. {good}
      </Text>
    </Stack>
  );
}
