// A text field that offers the contacts that its text finds: arrow keys and Enter, or the mouse.
import { useQuery } from "@apollo/client/react";
import { type KeyboardEvent, useState } from "react";
import { type Contact, Contacts, person } from "./operations";
import { useSettled } from "./settled";

const named = (contact: Contact) => [contact.companyName, person(contact)].filter(Boolean).join(", ");

export function ContactPicker({ onPick }: { onPick: (contact: Contact | null) => void }) {
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const search = useSettled(text.trim());
  const { data, previousData } = useQuery(Contacts, { variables: { search }, skip: !isOpen || !search });
  const offered = (isOpen && text.trim() && (data ?? previousData)?.contacts?.nodes) || [];

  function type(typed: string) {
    setText(typed);
    setOpen(true);
    setActive(0);
    onPick(null);
  }

  function pick(contact: Contact) {
    setText(named(contact));
    setOpen(false);
    onPick(contact);
  }

  function press(key: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (step && offered.length) setActive((active + step + offered.length) % offered.length);
    else if (key.key === "Enter" && offered[active]) pick(offered[active]);
    else if (key.key === "Escape" && offered.length) setOpen(false);
    else return;
    key.preventDefault(); // Enter would send the form, Escape close the dialog
  }

  return (
    <div className="picker">
      <label htmlFor="contact">Contact</label>
      <input
        id="contact"
        role="combobox"
        autoComplete="off"
        aria-autocomplete="list"
        aria-controls="contacts"
        aria-expanded={offered.length > 0}
        aria-activedescendant={offered[active] && `contact-${active}`}
        placeholder="Company, name, customer number …"
        required
        value={text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={press}
        onBlur={() => setOpen(false)}
      />
      <ul id="contacts" role="listbox" aria-label="Contacts" hidden={offered.length === 0}>
        {offered.map((contact, at) => (
          <li
            key={contact.id}
            ref={(line) => void (at === active && line?.scrollIntoView({ block: "nearest" }))}
            id={`contact-${at}`}
            role="option"
            aria-selected={at === active}
            onMouseDown={(event) => (event.preventDefault(), pick(contact))}
          >
            {named(contact)} <small>{contact.customerNumber}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}
