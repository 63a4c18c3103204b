// The reference program in Go: does the work of createTeam with pgx. It reads one event from standard input and writes
// one line.
package main

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
)

//go:embed statements/*.sql
var statements embed.FS

type input struct {
	Name string `json:"name"`
}

type team struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Slug         string          `json:"slug"`
	OwnerID      string          `json:"ownerId"`
	Role         string          `json:"role"`
	Permissions  []string        `json:"permissions"`
	BillingEmail *string         `json:"billingEmail"`
	Settings     json.RawMessage `json:"settings"`
	Version      json.Number     `json:"version"`
	CreatedAt    string          `json:"createdAt"`
	UpdatedAt    string          `json:"updatedAt"`
}

func main() {
	event, err := io.ReadAll(os.Stdin)
	if err != nil {
		end(74, "input")
	}
	issuer := os.Getenv("NOFX_JWT_ISSUER")
	user, err := verify(os.Getenv("NOFX_TOKEN"), os.Getenv("NOFX_JWT_SECRET"), issuer, os.Getenv("NOFX_JWT_AUDIENCE"))
	if err != nil {
		end(77, "invalid_token")
	}
	var in input
	if json.Unmarshal(event, &in) != nil || len(in.Name) < 2 || len(in.Name) > 100 || strings.ContainsAny(in.Name, "<>") {
		end(65, "validation_failed")
	}
	created, err := create(os.Getenv("DATABASE_URL"), user, issuer, in.Name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		end(70, "internal")
	}
	answer, err := json.Marshal(created)
	if err != nil {
		end(70, "internal")
	}
	if _, err = os.Stdout.Write(append(answer, '\n')); err != nil {
		os.Exit(74)
	}
}

func end(status int, code string) {
	fmt.Printf("{\"code\":\"%s\"}\n", code)
	os.Exit(status)
}

// create sends the whole transaction at once. It uses the batch of pgconn and not that of pgx, because pgx prepares its
// statements. That takes additional round trips and does not work well with a pooler.
func create(url, user, issuer, name string) (*team, error) {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer connection.Close(ctx)

	record, err := json.Marshal(map[string]any{
		"credential": "session", "requestId": newUUID(), "ip": nil, "userAgent": nil,
	})
	if err != nil {
		return nil, err
	}
	owner := []byte(user)
	batch := &pgconn.Batch{}
	add := func(file string, types []uint32, values ...[]byte) {
		sql, _ := statements.ReadFile("statements/" + file + ".sql")
		batch.ExecParams(string(sql), values, types, nil, nil)
	}
	add("1-begin", nil)
	add("2-limits", []uint32{pgtype.TextOID, pgtype.TextOID}, []byte("9750"), []byte("2000"))
	add("3-enter",
		[]uint32{pgtype.Int4OID, pgtype.UUIDOID, pgtype.TextOID, pgtype.TextOID, pgtype.TextOID, pgtype.TextOID, pgtype.BoolOID, pgtype.TimestamptzOID},
		[]byte("7"), owner, []byte(issuer), owner, nil, nil, []byte("f"), nil)
	add("4-rate", []uint32{pgtype.Int8OID, pgtype.TextOID, pgtype.Int8OID, pgtype.Int8OID},
		[]byte("20"), []byte(user+" writes"), []byte("1000000"), []byte("20"))
	add("5-lock", []uint32{pgtype.UUIDOID}, owner)
	add("6-create",
		[]uint32{
			pgtype.UUIDOID, pgtype.TextOID, pgtype.TextOID, pgtype.TextOID, pgtype.UUIDOID, pgtype.TextOID,
			pgtype.TextOID, pgtype.UUIDOID, pgtype.Int8OID, pgtype.BoolOID, pgtype.Int8OID,
			pgtype.UUIDOID, pgtype.TextOID, pgtype.TextOID, pgtype.JSONBOID,
		},
		owner, nil, []byte(newSuffix()), []byte(name), []byte(newUUID()), []byte(name),
		nil, owner, []byte("20"), []byte("t"), []byte("20"), owner, []byte("team.created"), []byte("team"), record)
	add("7-commit", nil)
	results, err := connection.PgConn().ExecBatch(ctx, batch).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 7 || len(results[5].Rows) != 1 || string(results[6].CommandTag) != "COMMIT" {
		return nil, fmt.Errorf("%d results, not those of a team", len(results))
	}
	return newTeam(results[5]), nil
}

func newTeam(result *pgconn.Result) *team {
	columns := make(map[string][]byte)
	for i, field := range result.FieldDescriptions {
		columns[string(field.Name)] = result.Rows[0][i]
	}
	text := func(name string) string { return string(columns[name]) }
	timestamp := func(name string) string {
		return strings.Replace(strings.Replace(text(name), " ", "T", 1), "+00", "Z", 1)
	}
	var email *string
	if columns["billing_email"] != nil {
		value := text("billing_email")
		email = &value
	}
	return &team{
		ID: text("id"), Name: text("name"), Slug: text("slug"), OwnerID: text("owner_id"), Role: text("role"),
		Permissions:  strings.Split(strings.Trim(text("permissions"), "{}"), ","),
		BillingEmail: email, Settings: columns["settings"], Version: json.Number(text("version")),
		CreatedAt: timestamp("created_at"), UpdatedAt: timestamp("updated_at"),
	}
}

func newUUID() string {
	var bytes [16]byte
	rand.Read(bytes[6:])
	milliseconds := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint16(bytes[0:], uint16(milliseconds>>32))
	binary.BigEndian.PutUint32(bytes[2:], uint32(milliseconds))
	bytes[6] = 0x70 | bytes[6]&0x0F
	bytes[8] = 0x80 | bytes[8]&0x3F
	return fmt.Sprintf("%x-%x-%x-%x-%x", bytes[0:4], bytes[4:6], bytes[6:8], bytes[8:10], bytes[10:])
}

func newSuffix() string {
	var bytes [8]byte
	rand.Read(bytes[:])
	random := binary.BigEndian.Uint64(bytes[:])
	suffix := []byte("-000000")
	for i := 1; i < 7; i++ {
		suffix[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[random%36]
		random /= 36
	}
	return string(suffix)
}
