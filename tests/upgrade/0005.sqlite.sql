BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE api_key (
	id CHAR(32) NOT NULL, 
	organization_id CHAR(32) NOT NULL, 
	kind VARCHAR(10) NOT NULL, 
	label VARCHAR(200) NOT NULL, 
	prefix VARCHAR(12) NOT NULL, 
	allowed_origins JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	revoked_at BIGINT, 
	last_used_at BIGINT, identity_mode VARCHAR(10), identity_secrets JSON, 
	PRIMARY KEY (id), 
	FOREIGN KEY(organization_id) REFERENCES organization (id)
);
INSERT INTO "api_key" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','kind','label','prefix','[]',1767225600000,1767225600000,1767225600000,1767225600000,'identity_m','{}');
CREATE TABLE api_key_secret (
	digest VARCHAR(64) NOT NULL, 
	key_id CHAR(32) NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(key_id) REFERENCES api_key (id)
);
INSERT INTO "api_key_secret" VALUES('digest','0192f0c12d3e7f408a5b6c7d8e9fa0b1',1767225600000,1767225600000);
CREATE TABLE block (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	key_id CHAR(32), 
	visitor_id VARCHAR(255), 
	network VARCHAR(43), 
	first BIGINT, 
	last BIGINT, 
	reason VARCHAR(200) NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	PRIMARY KEY (organization_id, id), 
	CONSTRAINT block_visitor UNIQUE (organization_id, key_id, visitor_id), 
	CONSTRAINT block_network UNIQUE (organization_id, network)
);
INSERT INTO "block" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','visitor_id','network',1,1,'reason',1767225600000,1767225600000);
CREATE TABLE connection (
	id CHAR(32) NOT NULL, 
	organization_id CHAR(32) NOT NULL, 
	plugin VARCHAR(63) NOT NULL, 
	external_key VARCHAR(255) NOT NULL, 
	data JSON NOT NULL, 
	secrets TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(organization_id) REFERENCES organization (id), 
	CONSTRAINT connection_external UNIQUE (organization_id, plugin, external_key)
);
INSERT INTO "connection" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','plugin','external_k','{}','secrets',1767225600000,1767225600000);
CREATE TABLE conversation (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	customer_id CHAR(32) NOT NULL, 
	channel VARCHAR(63) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	last_seq INTEGER NOT NULL, 
	last_message_at BIGINT NOT NULL, 
	last_inbound_at BIGINT, 
	last_session_id CHAR(32), 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, id), 
	CONSTRAINT conversation_one UNIQUE (organization_id, customer_id, channel)
);
INSERT INTO "conversation" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','channel','status',1,1767225600000,1767225600000,'0192f0c12d3e7f408a5b6c7d8e9fa0b1',1767225600000,1767225600000);
CREATE TABLE customer (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	display_name VARCHAR(200), 
	phone_e164 VARCHAR(16), 
	email VARCHAR(320), 
	external_user_id VARCHAR(255), 
	attributes JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, id)
);
INSERT INTO "customer" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','display_na','phone_e164','email','external_u','{}',1767225600000,1767225600000);
CREATE TABLE customer_identity (
	organization_id CHAR(32) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	match_key VARCHAR(320) NOT NULL, 
	scope VARCHAR(64) NOT NULL, 
	value VARCHAR(320) NOT NULL, 
	customer_id CHAR(32) NOT NULL, 
	verified_by VARCHAR(20) NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, kind, match_key, scope)
);
INSERT INTO "customer_identity" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','kind','match_key','scope','value','0192f0c12d3e7f408a5b6c7d8e9fa0b1','verified_b',1767225600000);
CREATE TABLE delivery (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	subscription_id CHAR(32) NOT NULL, 
	event_id CHAR(32) NOT NULL, 
	event_type VARCHAR(40) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	earlier INTEGER NOT NULL, 
	available_at BIGINT NOT NULL, 
	lease_token CHAR(32), 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, id), 
	CONSTRAINT delivery_once UNIQUE (organization_id, subscription_id, event_id)
);
INSERT INTO "delivery" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','event_type','waiting',1,1,1767225600000,'0192f0c12d3e7f408a5b6c7d8e9fa0b1',1767225600000,1767225600000);
CREATE TABLE delivery_attempt (
	organization_id CHAR(32) NOT NULL, 
	delivery_id CHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	status INTEGER, 
	error VARCHAR(40), 
	milliseconds INTEGER NOT NULL, 
	answer TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, delivery_id, number)
);
INSERT INTO "delivery_attempt" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1',1,1,'error',1,'answer',1767225600000);
CREATE TABLE event (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	type VARCHAR(40) NOT NULL, 
	subject_id CHAR(32) NOT NULL, 
	details JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	available_at BIGINT NOT NULL, 
	lease_token CHAR(32), 
	PRIMARY KEY (organization_id, id)
);
INSERT INTO "event" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','type','0192f0c12d3e7f408a5b6c7d8e9fa0b1','{}',1767225600000,'waiting',1,1767225600000,'0192f0c12d3e7f408a5b6c7d8e9fa0b1');
CREATE TABLE legacy_secret (
	organization_id CHAR(32) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id), 
	FOREIGN KEY(organization_id) REFERENCES organization (id)
);
INSERT INTO "legacy_secret" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','digest',1767225600000);
CREATE TABLE membership (
	organization_id CHAR(32) NOT NULL, 
	user_id CHAR(32) NOT NULL, 
	role VARCHAR(10) NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, user_id), 
	FOREIGN KEY(organization_id) REFERENCES organization (id), 
	FOREIGN KEY(user_id) REFERENCES user_account (id)
);
INSERT INTO "membership" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','role',1767225600000);
CREATE TABLE message (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	conversation_id CHAR(32) NOT NULL, 
	customer_id CHAR(32) NOT NULL, 
	session_id CHAR(32), 
	key_id CHAR(32), 
	channel VARCHAR(63) NOT NULL, 
	source VARCHAR(400) NOT NULL, 
	provider_message_id VARCHAR(255), 
	direction VARCHAR(10) NOT NULL, 
	type VARCHAR(20) NOT NULL, 
	body TEXT NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	status_at BIGINT, 
	error JSON, 
	seq INTEGER NOT NULL, 
	reply_to_id CHAR(32), 
	author VARCHAR(10) NOT NULL, 
	attachments JSON, 
	template JSON, 
	reactions JSON, 
	occurred_at BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, id), 
	CONSTRAINT message_seq UNIQUE (organization_id, conversation_id, seq)
);
INSERT INTO "message" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','channel','source','provider_m','direction','type','body','status',1767225600000,'{}',1,'0192f0c12d3e7f408a5b6c7d8e9fa0b1','author','{}','{}','{}',1767225600000,1767225600000,1767225600000);
CREATE TABLE organization (
	id CHAR(32) NOT NULL, 
	slug VARCHAR(63) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	settings JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (slug)
);
INSERT INTO "organization" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','slug','name','{}',1767225600000);
CREATE TABLE subscription (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	key_id CHAR(32) NOT NULL, 
	url TEXT NOT NULL, 
	events JSON NOT NULL, 
	direction VARCHAR(10), 
	channel VARCHAR(63), 
	adapter VARCHAR(63) NOT NULL, 
	description VARCHAR(200) NOT NULL, 
	likeness VARCHAR(64) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	disabled_reason VARCHAR(20), 
	secret TEXT NOT NULL, 
	previous_secret TEXT, 
	previous_expires_at BIGINT, 
	failing_since BIGINT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, id), 
	CONSTRAINT subscription_alike UNIQUE (organization_id, key_id, likeness)
);
INSERT INTO "subscription" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','url','{}','direction','channel','adapter','descriptio','likeness','waiting','disabled_r','secret','previous_s',1767225600000,1767225600000,1767225600000,1767225600000);
CREATE TABLE user_account (
	id CHAR(32) NOT NULL, 
	email VARCHAR(320) NOT NULL, 
	name VARCHAR(200), 
	password_hash VARCHAR(200) NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);
INSERT INTO "user_account" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','email','name','password_h',1767225600000);
CREATE TABLE visitor (
	organization_id CHAR(32) NOT NULL, 
	key_id CHAR(32) NOT NULL, 
	visitor_id VARCHAR(255) NOT NULL, 
	secret_digest VARCHAR(64), 
	secret_since BIGINT, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, key_id, visitor_id)
);
INSERT INTO "visitor" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','visitor_id','secret_dig',1767225600000,1767225600000);
CREATE TABLE visitor_session (
	organization_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	key_id CHAR(32), 
	key_scope CHAR(32) NOT NULL, 
	visitor_id VARCHAR(255) NOT NULL, 
	customer_id CHAR(32) NOT NULL, 
	conversation_id CHAR(32) NOT NULL, 
	ip_address VARCHAR(45), 
	user_agent VARCHAR(500), 
	referer VARCHAR(2048), 
	landing_path VARCHAR(2048), 
	country_code VARCHAR(2), 
	city VARCHAR(200), 
	external_user_id VARCHAR(255), 
	external_email VARCHAR(320), 
	external_name VARCHAR(200), 
	verified BOOLEAN NOT NULL, 
	message_count INTEGER NOT NULL, 
	first_seen_at BIGINT NOT NULL, 
	last_seen_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	PRIMARY KEY (organization_id, id)
);
INSERT INTO "visitor_session" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','visitor_id','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','ip_address','user_agent','referer','landing_pa','NL','city','external_u','external_e','external_n',1,1,1767225600000,1767225600000,1767225600000);
CREATE TABLE widget_event (
	organization_id CHAR(32) NOT NULL, 
	session_id CHAR(32) NOT NULL, 
	id CHAR(32) NOT NULL, 
	key_id CHAR(32), 
	kind VARCHAR(20) NOT NULL, 
	path VARCHAR(2048), 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (organization_id, session_id, id)
);
INSERT INTO "widget_event" VALUES('0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','0192f0c12d3e7f408a5b6c7d8e9fa0b1','kind','path',1767225600000);
CREATE INDEX api_key_organization ON api_key (organization_id, id);
CREATE INDEX api_key_secret_key ON api_key_secret (key_id);
CREATE INDEX customer_identity_customer ON customer_identity (organization_id, customer_id);
CREATE UNIQUE INDEX visitor_session_open ON visitor_session (organization_id, key_scope, visitor_id) WHERE closed_at IS NULL;
CREATE INDEX visitor_session_visitor ON visitor_session (organization_id, visitor_id, id);
CREATE INDEX visitor_session_customer ON visitor_session (organization_id, customer_id, id);
CREATE UNIQUE INDEX message_once ON message (organization_id, source, provider_message_id) WHERE provider_message_id IS NOT NULL;
CREATE INDEX message_customer ON message (organization_id, customer_id, id);
CREATE INDEX event_waiting ON event (available_at) WHERE state = 'waiting';
CREATE INDEX block_span ON block (organization_id, first);
CREATE INDEX delivery_of ON delivery (organization_id, subscription_id, id);
CREATE INDEX delivery_waiting ON delivery (organization_id, subscription_id, available_at) WHERE state = 'waiting';
COMMIT;
