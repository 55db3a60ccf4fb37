SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_key (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind character varying(10) NOT NULL,
    label character varying(200) NOT NULL,
    prefix character varying(12) NOT NULL,
    allowed_origins jsonb NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint,
    identity_mode character varying(10),
    identity_secrets jsonb
);
CREATE TABLE public.api_key_secret (
    digest character varying(64) NOT NULL,
    key_id uuid NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint
);
CREATE TABLE public.block (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    key_id uuid,
    visitor_id character varying(255),
    network character varying(43),
    first bigint,
    last bigint,
    reason character varying(200) NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint
);
CREATE TABLE public.connection (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    plugin character varying(63) NOT NULL,
    external_key character varying(255) NOT NULL,
    data jsonb NOT NULL,
    secrets text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.conversation (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    channel character varying(63) NOT NULL,
    status character varying(10) NOT NULL,
    last_seq integer NOT NULL,
    last_message_at bigint NOT NULL,
    last_inbound_at bigint,
    last_session_id uuid,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
)
WITH (fillfactor='60');
CREATE TABLE public.customer (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    display_name character varying(200),
    phone_e164 character varying(16),
    email character varying(320),
    external_user_id character varying(255),
    attributes jsonb NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE public.customer_identity (
    organization_id uuid NOT NULL,
    kind character varying(20) NOT NULL,
    match_key character varying(320) NOT NULL,
    scope character varying(64) NOT NULL,
    value character varying(320) NOT NULL,
    customer_id uuid NOT NULL,
    verified_by character varying(20) NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.delivery (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type character varying(40) NOT NULL,
    state character varying(10) NOT NULL,
    attempts integer NOT NULL,
    earlier integer NOT NULL,
    available_at bigint NOT NULL,
    lease_token uuid,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.delivery_attempt (
    organization_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    status integer,
    error character varying(40),
    milliseconds integer NOT NULL,
    answer text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.event (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    type character varying(40) NOT NULL,
    subject_id uuid NOT NULL,
    details jsonb NOT NULL,
    created_at bigint NOT NULL,
    state character varying(10) NOT NULL,
    attempts integer NOT NULL,
    available_at bigint NOT NULL,
    lease_token uuid
)
WITH (fillfactor='80');
CREATE TABLE public.legacy_secret (
    organization_id uuid NOT NULL,
    digest character varying(64) NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.membership (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role character varying(10) NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.message (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    session_id uuid,
    key_id uuid,
    channel character varying(63) NOT NULL,
    source character varying(400) NOT NULL,
    provider_message_id character varying(255),
    direction character varying(10) NOT NULL,
    type character varying(20) NOT NULL,
    body text NOT NULL,
    status character varying(10) NOT NULL,
    status_at bigint,
    error jsonb,
    seq integer NOT NULL,
    reply_to_id uuid,
    author character varying(10) NOT NULL,
    attachments jsonb,
    template jsonb,
    reactions jsonb,
    occurred_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.organization (
    id uuid NOT NULL,
    slug character varying(63) NOT NULL,
    name character varying(200) NOT NULL,
    settings jsonb NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.subscription (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    key_id uuid NOT NULL,
    url text NOT NULL,
    events jsonb NOT NULL,
    direction character varying(10),
    channel character varying(63),
    adapter character varying(63) NOT NULL,
    description character varying(200) NOT NULL,
    likeness character varying(64) NOT NULL,
    state character varying(10) NOT NULL,
    disabled_reason character varying(20),
    secret text NOT NULL,
    previous_secret text,
    previous_expires_at bigint,
    failing_since bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.user_account (
    id uuid NOT NULL,
    email character varying(320) NOT NULL,
    name character varying(200),
    password_hash character varying(200) NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.visitor (
    organization_id uuid NOT NULL,
    key_id uuid NOT NULL,
    visitor_id character varying(255) NOT NULL,
    secret_digest character varying(64),
    secret_since bigint,
    created_at bigint NOT NULL
);
CREATE TABLE public.visitor_session (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    key_id uuid,
    key_scope uuid NOT NULL,
    visitor_id character varying(255) NOT NULL,
    customer_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    ip_address character varying(45),
    user_agent character varying(500),
    referer character varying(2048),
    landing_path character varying(2048),
    country_code character varying(2),
    city character varying(200),
    external_user_id character varying(255),
    external_email character varying(320),
    external_name character varying(200),
    verified boolean NOT NULL,
    message_count integer NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    closed_at bigint
)
WITH (fillfactor='60');
CREATE TABLE public.widget_event (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    key_id uuid,
    kind character varying(20) NOT NULL,
    path character varying(2048),
    created_at bigint NOT NULL
);
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.api_key VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'kind', 'label', 'prefix', '[]', 1767225600000, 1767225600000, 1767225600000, 1767225600000, 'identity_m', '{}');
INSERT INTO public.api_key_secret VALUES ('digest', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 1767225600000, 1767225600000);
INSERT INTO public.block VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'visitor_id', 'network', 1, 1, 'reason', 1767225600000, 1767225600000);
INSERT INTO public.connection VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'plugin', 'external_k', '{}', 'secrets', 1767225600000, 1767225600000);
INSERT INTO public.conversation VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'channel', 'status', 1, 1767225600000, 1767225600000, '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 1767225600000, 1767225600000);
INSERT INTO public.customer VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'display_na', 'phone_e164', 'email', 'external_u', '{}', 1767225600000, 1767225600000);
INSERT INTO public.customer_identity VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'kind', 'match_key', 'scope', 'value', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'verified_b', 1767225600000);
INSERT INTO public.delivery VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'event_type', 'waiting', 1, 1, 1767225600000, '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 1767225600000, 1767225600000);
INSERT INTO public.delivery_attempt VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 1, 1, 'error', 1, 'answer', 1767225600000);
INSERT INTO public.event VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'type', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '{}', 1767225600000, 'waiting', 1, 1767225600000, '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1');
INSERT INTO public.legacy_secret VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'digest', 1767225600000);
INSERT INTO public.membership VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'role', 1767225600000);
INSERT INTO public.message VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'channel', 'source', 'provider_m', 'direction', 'type', 'body', 'status', 1767225600000, '{}', 1, '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'author', '{}', '{}', '{}', 1767225600000, 1767225600000, 1767225600000);
INSERT INTO public.organization VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'slug', 'name', '{}', 1767225600000);
INSERT INTO public.subscription VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'url', '{}', 'direction', 'channel', 'adapter', 'descriptio', 'likeness', 'waiting', 'disabled_r', 'secret', 'previous_s', 1767225600000, 1767225600000, 1767225600000, 1767225600000);
INSERT INTO public.user_account VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'email', 'name', 'password_h', 1767225600000);
INSERT INTO public.visitor VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'visitor_id', 'secret_dig', 1767225600000, 1767225600000);
INSERT INTO public.visitor_session VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'visitor_id', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'ip_address', 'user_agent', 'referer', 'landing_pa', 'NL', 'city', 'external_u', 'external_e', 'external_n', true, 1, 1767225600000, 1767225600000, 1767225600000);
INSERT INTO public.widget_event VALUES ('0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', '0192f0c1-2d3e-7f40-8a5b-6c7d8e9fa0b1', 'kind', 'path', 1767225600000);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_key_secret
    ADD CONSTRAINT api_key_secret_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.block
    ADD CONSTRAINT block_network UNIQUE (organization_id, network);
ALTER TABLE ONLY public.block
    ADD CONSTRAINT block_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.block
    ADD CONSTRAINT block_visitor UNIQUE (organization_id, key_id, visitor_id);
ALTER TABLE ONLY public.connection
    ADD CONSTRAINT connection_external UNIQUE (organization_id, plugin, external_key);
ALTER TABLE ONLY public.connection
    ADD CONSTRAINT connection_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_one UNIQUE (organization_id, customer_id, channel);
ALTER TABLE ONLY public.conversation
    ADD CONSTRAINT conversation_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.customer_identity
    ADD CONSTRAINT customer_identity_pkey PRIMARY KEY (organization_id, kind, match_key, scope);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.delivery_attempt
    ADD CONSTRAINT delivery_attempt_pkey PRIMARY KEY (organization_id, delivery_id, number);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_once UNIQUE (organization_id, subscription_id, event_id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.legacy_secret
    ADD CONSTRAINT legacy_secret_pkey PRIMARY KEY (organization_id);
ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (organization_id, user_id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_seq UNIQUE (organization_id, conversation_id, seq);
ALTER TABLE ONLY public.organization
    ADD CONSTRAINT organization_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organization
    ADD CONSTRAINT organization_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT subscription_alike UNIQUE (organization_id, key_id, likeness);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT subscription_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_email_key UNIQUE (email);
ALTER TABLE ONLY public.user_account
    ADD CONSTRAINT user_account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.visitor
    ADD CONSTRAINT visitor_pkey PRIMARY KEY (organization_id, key_id, visitor_id);
ALTER TABLE ONLY public.visitor_session
    ADD CONSTRAINT visitor_session_pkey PRIMARY KEY (organization_id, id);
ALTER TABLE ONLY public.widget_event
    ADD CONSTRAINT widget_event_pkey PRIMARY KEY (organization_id, session_id, id);
CREATE INDEX api_key_organization ON public.api_key USING btree (organization_id, id);
CREATE INDEX api_key_secret_key ON public.api_key_secret USING btree (key_id);
CREATE INDEX block_span ON public.block USING btree (organization_id, first);
CREATE INDEX customer_identity_customer ON public.customer_identity USING btree (organization_id, customer_id);
CREATE INDEX delivery_of ON public.delivery USING btree (organization_id, subscription_id, id);
CREATE INDEX delivery_waiting ON public.delivery USING btree (organization_id, subscription_id, available_at) WHERE ((state)::text = 'waiting'::text);
CREATE INDEX event_waiting ON public.event USING btree (available_at) WHERE ((state)::text = 'waiting'::text);
CREATE INDEX message_customer ON public.message USING btree (organization_id, customer_id, id);
CREATE UNIQUE INDEX message_once ON public.message USING btree (organization_id, source, provider_message_id) WHERE (provider_message_id IS NOT NULL);
CREATE INDEX visitor_session_customer ON public.visitor_session USING btree (organization_id, customer_id, id);
CREATE UNIQUE INDEX visitor_session_open ON public.visitor_session USING btree (organization_id, key_scope, visitor_id) WHERE (closed_at IS NULL);
CREATE INDEX visitor_session_visitor ON public.visitor_session USING btree (organization_id, visitor_id, id);
ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.api_key_secret
    ADD CONSTRAINT api_key_secret_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.api_key(id);
ALTER TABLE ONLY public.connection
    ADD CONSTRAINT connection_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.legacy_secret
    ADD CONSTRAINT legacy_secret_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organization(id);
ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.user_account(id);
