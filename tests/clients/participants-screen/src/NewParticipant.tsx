// A dialog that lets a contact take part in an event.
import { useMutation, useQuery } from "@apollo/client/react";
import { type RefObject, useState, type FormEvent } from "react";
import { ContactPicker } from "./ContactPicker";
import { type Contact, Counts, Create, Events, type List, messages, Participants, person } from "./operations";

type Props = { ref: RefObject<HTMLDialogElement | null>; list: List; onCreated: (told: string) => void };

export function NewParticipant({ ref, list, onCreated }: Props) {
  const [contact, setContact] = useState<Contact | null>(null);
  const [opened, setOpened] = useState(0); // the picker starts anew with each
  const [problem, setProblem] = useState("");
  const events = useQuery(Events).data?.events?.nodes ?? [];
  const [send, { loading }] = useMutation(Create, {
    refetchQueries: [Counts],
    // The new row stands on top until the list is read anew, and then where it belongs.
    update(cache, { data }) {
      const node = data?.createParticipant?.participant;
      if (!node) return;
      cache.updateQuery({ query: Participants, variables: list }, (shown) => {
        if (!shown?.participants) return shown;
        const edges = [{ cursor: "", node }, ...shown.participants.edges];
        return { participants: { ...shown.participants, edges } };
      });
    },
  });

  async function create(form: FormData) {
    const event = { id: String(form.get("event")) };
    const input = { event, contact: { id: contact!.id }, isConfirmed: form.has("isConfirmed") };
    const { data } = await send({ variables: { input } });
    const refused = data?.createParticipant?.userErrors ?? [];
    if (refused.length > 0) return setProblem(messages(refused));
    ref.current?.close();
    onCreated(`${person(contact!) || contact!.companyName} takes part.`);
  }

  function submitted(submit: FormEvent<HTMLFormElement>) {
    submit.preventDefault();
    setProblem("");
    if (!contact) return setProblem("Choose a contact from the list.");
    create(new FormData(submit.currentTarget)).catch((error: Error) => setProblem(error.message));
  }

  const closed = () => (setContact(null), setProblem(""), setOpened(opened + 1));
  return (
    <dialog ref={ref} aria-labelledby="new" onClose={closed}>
      <form key={opened} onSubmit={submitted}>
        <h2 id="new">New participant</h2>
        <ContactPicker onPick={setContact} />
        <label>
          <span>Event</span>
          <select name="event" required>
            <option value="">Choose …</option>
            {events.map(({ id, title }) => (
              <option key={id} value={id}>{title}</option>
            ))}
          </select>
        </label>
        <label className="check">
          <input type="checkbox" name="isConfirmed" /> Confirmed
        </label>
        <p role="alert">{problem}</p>
        <footer>
          <button type="button" onClick={() => ref.current?.close()}>Cancel</button>
          <button className="main" disabled={loading}>Add</button>
        </footer>
      </form>
    </dialog>
  );
}
