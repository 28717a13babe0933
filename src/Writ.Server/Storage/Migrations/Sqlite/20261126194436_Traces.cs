using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    [DbContext(typeof(SqliteWritDb))]
    [Migration("20261126194436_Traces")]
    public partial class Traces : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "HasSharedSource",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "IsRecordingWhole",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "LastPacketAt",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "PacketsPassed",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "RefusedUnlisted",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "Sources",
                table: "runs",
                type: "TEXT",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.AddColumn<bool>(
                name: "IsTraced",
                table: "grants",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "refused",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    Address = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Protocol = table.Column<int>(type: "INTEGER", nullable: false),
                    Port = table.Column<int>(type: "INTEGER", nullable: false),
                    Packets = table.Column<long>(type: "INTEGER", nullable: false),
                    FirstAt = table.Column<long>(type: "INTEGER", nullable: false),
                    LastAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_refused", x => new { x.RunId, x.Address, x.Protocol, x.Port });
                });

            migrationBuilder.CreateTable(
                name: "traces",
                columns: table => new
                {
                    Key = table.Column<long>(type: "INTEGER", nullable: false),
                    Span = table.Column<int>(type: "INTEGER", nullable: false),
                    From = table.Column<long>(type: "INTEGER", nullable: false),
                    Subject = table.Column<string>(type: "TEXT", nullable: false),
                    Until = table.Column<long>(type: "INTEGER", nullable: false)
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
                filter: "\"IsTraced\" = 0");
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
