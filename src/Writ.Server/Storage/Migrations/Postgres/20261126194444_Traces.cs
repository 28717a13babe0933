using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    [DbContext(typeof(PostgresWritDb))]
    [Migration("20261126194444_Traces")]
    public partial class Traces : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "HasSharedSource",
                table: "runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "IsRecordingWhole",
                table: "runs",
                type: "boolean",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "LastPacketAt",
                table: "runs",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "PacketsPassed",
                table: "runs",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "RefusedUnlisted",
                table: "runs",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "Sources",
                table: "runs",
                type: "text",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.AddColumn<bool>(
                name: "IsTraced",
                table: "grants",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "refused",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Address = table.Column<byte[]>(type: "bytea", nullable: false),
                    Protocol = table.Column<int>(type: "integer", nullable: false),
                    Port = table.Column<int>(type: "integer", nullable: false),
                    Packets = table.Column<long>(type: "bigint", nullable: false),
                    FirstAt = table.Column<long>(type: "bigint", nullable: false),
                    LastAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_refused", x => new { x.RunId, x.Address, x.Protocol, x.Port });
                });

            migrationBuilder.CreateTable(
                name: "traces",
                columns: table => new
                {
                    Key = table.Column<long>(type: "bigint", nullable: false),
                    Span = table.Column<int>(type: "integer", nullable: false),
                    From = table.Column<long>(type: "bigint", nullable: false),
                    Subject = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Until = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_traces", x => new { x.Key, x.Span, x.From, x.Subject });
                });

            migrationBuilder.CreateIndex(
                name: "IX_runs_GrantId_CreatedAt_EndedAt",
                table: "runs",
                columns: new[] { "GrantId", "CreatedAt", "EndedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_grants_IsTraced",
                table: "grants",
                column: "IsTraced",
                filter: "NOT \"IsTraced\"");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "refused");

            migrationBuilder.DropTable(
                name: "traces");

            migrationBuilder.DropIndex(
                name: "IX_runs_GrantId_CreatedAt_EndedAt",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "IX_grants_IsTraced",
                table: "grants");

            migrationBuilder.DropColumn(
                name: "HasSharedSource",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "IsRecordingWhole",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "LastPacketAt",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "PacketsPassed",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "RefusedUnlisted",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "Sources",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "IsTraced",
                table: "grants");
        }
    }
}
