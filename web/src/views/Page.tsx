// The frame of a screen beside the room list: a title, a way back on a phone, and parts below each other.
import { type ComponentChildren, type VNode } from "preact";
import { Icon } from "../parts/Icon";
import { w } from "../words";

export function Page(props: { title: string; back?: string; acts?: ComponentChildren; children: ComponentChildren }): VNode {
  return (
    <div class="page">
      <div class="page-in">
        <header class="page-head">
          {props.back && (
            <a class="icon-button" href={`#${props.back}`} aria-label={w.value.back}>
              <Icon name="back" />
            </a>
          )}
          <h2>{props.title}</h2>
          {props.acts}
        </header>
        {props.children}
      </div>
    </div>
  );
}

export function Part(props: { title: string; children: ComponentChildren; text?: string }): VNode {
  return (
    <section class="part">
      <h3>{props.title}</h3>
      {props.text && <p class="soft">{props.text}</p>}
      {props.children}
    </section>
  );
}
