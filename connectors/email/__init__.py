"""E-mail: the formal channel. Sends by SMTP; writes `.eml` files while no server is set. Reads answers and bounces by
IMAP.
"""

from connectors.base import Connector, Limits, Outward, Setting
from connectors.email import act, inbox

connector = Connector(
    name="email",
    title="E-mail",
    limits=Limits(concurrency=8),
    settings=(
        Setting(
            "url",
            "SMTP server: smtp://user:password@host:587 or smtps://host; unset: mails become files",
            secret=True,
        ),
        Setting("from", "sender, in a domain with SPF, DKIM and DMARC; unset: `from` of the organisation"),
        Setting(
            "reply_to",
            "address that answers go to, such as that of the inbox; {action} in it tells mails apart where the server "
            "takes such addresses: projects+{action}@northwind.example",
        ),
        Setting(
            "inbox",
            "mailbox that answers and bounces are read from: imaps://user:password@host, a folder behind it",
            secret=True,
        ),
        Setting("tls", "starttls (usual on port 587), implicit (usual with smtps://) or none"),
        Setting(
            "inbox_tls", "the same for the inbox: starttls (usual on port 143), implicit (imaps://) or none"
        ),
        Setting("ca_file", "PEM file with the authority of an internal mail server's certificate"),
        Setting("timeout", "seconds for one mail from look-up to acceptance", default=30),
        Setting("directory", "folder for .eml files while `url` is unset", default="var/mail"),
    ),
    operations={"email": Outward("blind", act.send)},
    events=frozenset({"message.replied", "message.bounced", "contact.logged"}),
    poll=inbox.poll,
    polled_by="inbox",
    check=act.check,
)
