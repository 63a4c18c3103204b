// The reference server in Go: net/http and pgx. It verifies the same tokens as nofx and sends the same statements, all
// statements of a transaction at once. The database server keeps the statements.
package main

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

//go:embed statements
var files embed.FS

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

type input struct {
	Name   string `json:"name"`
	TeamID string `json:"teamId"`
}

type server struct {
	pool             *pgxpool.Pool
	secret           string
	issuer, audience string
}

type problem struct {
	status int
	code   string
}

func main() {
	processes, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	configuration, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	configuration.MaxConns = int32(processes)
	configuration.AfterConnect = prepare
	pool, err := pgxpool.ConnectConfig(context.Background(), configuration)
	if err != nil {
		log.Fatal(err)
	}
	s := &server{pool, os.Getenv("NOFX_JWT_SECRET"), os.Getenv("NOFX_JWT_ISSUER"), os.Getenv("NOFX_JWT_AUDIENCE")}
	http.HandleFunc("/getTeam", s.answer(http.StatusOK, s.getTeam))
	http.HandleFunc("/createTeam", s.answer(http.StatusCreated, s.createTeam))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

func (s *server) answer(status int, run func(context.Context, string, *input) (*team, *problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Request-Id", newUUID())
		found, failure := s.handle(r, run)
		if failure != nil {
			w.WriteHeader(failure.status)
			fmt.Fprintf(w, `{"code":%q}`, failure.code)
			return
		}
		body, _ := json.Marshal(found)
		w.WriteHeader(status)
		w.Write(body)
	}
}

func (s *server) handle(r *http.Request, run func(context.Context, string, *input) (*team, *problem)) (*team, *problem) {
	if r.Method != http.MethodPost {
		return nil, &problem{405, "method_not_allowed"}
	}
	user, err := verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), s.secret, s.issuer, s.audience)
	if err != nil {
		return nil, &problem{401, "invalid_token"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in input
	if err != nil || json.Unmarshal(body, &in) != nil {
		return nil, &problem{400, "invalid_json"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	return run(ctx, user, &in)
}

func (s *server) getTeam(ctx context.Context, user string, in *input) (*team, *problem) {
	if !isUUID(in.TeamID) {
		return nil, &problem{422, "validation_failed"}
	}
	batch := &pgconn.Batch{}
	s.begin(batch, "getTeam", user)
	batch.ExecPrepared("getTeam/4-team", [][]byte{[]byte(user), []byte(in.TeamID)}, nil, nil)
	batch.ExecPrepared("getTeam/5-commit", nil, nil, nil)
	return s.run(ctx, batch, 3)
}

func (s *server) createTeam(ctx context.Context, user string, in *input) (*team, *problem) {
	if len(in.Name) < 2 || len(in.Name) > 100 || strings.ContainsAny(in.Name, "<>") {
		return nil, &problem{422, "validation_failed"}
	}
	record, _ := json.Marshal(map[string]any{"credential": "session", "requestId": newUUID(), "ip": nil, "userAgent": nil})
	owner, name := []byte(user), []byte(in.Name)
	batch := &pgconn.Batch{}
	s.begin(batch, "createTeam", user)
	batch.ExecPrepared("createTeam/4-rate", [][]byte{[]byte("20"), []byte(user + " writes"), []byte("1000000"), []byte("20")}, nil, nil)
	batch.ExecPrepared("createTeam/5-lock", [][]byte{owner}, nil, nil)
	batch.ExecPrepared("createTeam/6-create", [][]byte{
		owner, nil, []byte(newSuffix()), name, []byte(newUUID()), name, nil, owner, []byte("20"), []byte("t"),
		[]byte("20"), owner, []byte("team.created"), []byte("team"), record,
	}, nil, nil)
	batch.ExecPrepared("createTeam/7-commit", nil, nil, nil)
	return s.run(ctx, batch, 5)
}

func (s *server) begin(batch *pgconn.Batch, endpoint, user string) {
	batch.ExecPrepared(endpoint+"/1-begin", nil, nil, nil)
	batch.ExecPrepared(endpoint+"/2-limits", [][]byte{[]byte("9750"), []byte("2000")}, nil, nil)
	batch.ExecPrepared(endpoint+"/3-enter",
		[][]byte{[]byte("7"), []byte(user), []byte(s.issuer), []byte(user), nil, nil, []byte("f"), nil}, nil, nil)
}

// The types of the parameters, by the name of the statement.
var types = map[string][]uint32{
	"2-limits": {pgtype.TextOID, pgtype.TextOID},
	"3-enter": {
		pgtype.Int4OID, pgtype.UUIDOID, pgtype.TextOID, pgtype.TextOID, pgtype.TextOID, pgtype.TextOID,
		pgtype.BoolOID, pgtype.TimestamptzOID,
	},
	"4-rate": {pgtype.Int8OID, pgtype.TextOID, pgtype.Int8OID, pgtype.Int8OID},
	"4-team": {pgtype.UUIDOID, pgtype.UUIDOID},
	"5-lock": {pgtype.UUIDOID},
	"6-create": {
		pgtype.UUIDOID, pgtype.TextOID, pgtype.TextOID, pgtype.TextOID, pgtype.UUIDOID, pgtype.TextOID,
		pgtype.TextOID, pgtype.UUIDOID, pgtype.Int8OID, pgtype.BoolOID, pgtype.Int8OID,
		pgtype.UUIDOID, pgtype.TextOID, pgtype.TextOID, pgtype.JSONBOID,
	},
}

// prepare lets the server keep all statements of a new connection.
func prepare(ctx context.Context, connection *pgx.Conn) error {
	for _, endpoint := range []string{"getTeam", "createTeam"} {
		entries, err := files.ReadDir("statements/" + endpoint)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			sql, err := files.ReadFile("statements/" + endpoint + "/" + entry.Name())
			if err != nil {
				return err
			}
			name := strings.TrimSuffix(entry.Name(), ".sql")
			if _, err = connection.PgConn().Prepare(ctx, endpoint+"/"+name, string(sql), types[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// run sends the batch. The team is in the result of the given statement.
func (s *server) run(ctx context.Context, batch *pgconn.Batch, statement int) (*team, *problem) {
	connection, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, &problem{503, "database_unavailable"}
	}
	defer connection.Release()
	results, err := connection.Conn().PgConn().ExecBatch(ctx, batch).ReadAll()
	if err != nil {
		log.Print(err)
		return nil, &problem{500, "internal"}
	}
	if len(results[statement].Rows) != 1 {
		return nil, &problem{404, "team_not_found"}
	}
	return newTeam(results[statement]), nil
}

func newTeam(result *pgconn.Result) *team {
	columns := make(map[string][]byte, len(result.FieldDescriptions))
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
