using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    [DbContext(typeof(PostgresWritDb))]
    [Migration("20261128110845_Notices")]
    public partial class Notices : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "notice_progress",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false),
                    Cursor = table.Column<long>(type: "bigint", nullable: false),
                    Trouble = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    TroubleAt = table.Column<long>(type: "bigint", nullable: true),
                    SentAt = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_notice_progress", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "notice_settings",
                columns: table => new
                {
                    ActorId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    IsMailOff = table.Column<bool>(type: "boolean", nullable: false),
                    Quiet = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    QuietZone = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    StandIn = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    StandInUntil = table.Column<long>(type: "bigint", nullable: true),
                    Address = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    AddressFrom = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    AddressAt = table.Column<long>(type: "bigint", nullable: true),
                    Wish = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    WishCode = table.Column<byte[]>(type: "bytea", nullable: true),
                    WishUntil = table.Column<long>(type: "bigint", nullable: true),
                    WishGuesses = table.Column<int>(type: "integer", nullable: false),
                    Codes = table.Column<int>(type: "integer", nullable: false),
                    CodesSince = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_notice_settings", x => x.ActorId);
                    table.ForeignKey(
                        name: "FK_notice_settings_actors_ActorId",
                        column: x => x.ActorId,
                        principalTable: "actors",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "notices",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    PersonId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Kind = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Subject = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Revision = table.Column<int>(type: "integer", nullable: false),
                    RequestId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    By = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    StandsInFor = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    State = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    DueAt = table.Column<long>(type: "bigint", nullable: false),
                    Failures = table.Column<int>(type: "integer", nullable: false),
                    Trouble = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    SettledAt = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_notices", x => x.Id);
                    table.ForeignKey(
                        name: "FK_notices_actors_PersonId",
                        column: x => x.PersonId,
                        principalTable: "actors",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_notices_PersonId",
                table: "notices",
                column: "PersonId");

            migrationBuilder.CreateIndex(
                name: "IX_notices_State_DueAt",
                table: "notices",
                columns: new[] { "State", "DueAt" });

            migrationBuilder.CreateIndex(
                name: "IX_notices_Subject_Revision_PersonId_Kind",
                table: "notices",
                columns: new[] { "Subject", "Revision", "PersonId", "Kind" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "notice_progress");

            migrationBuilder.DropTable(
                name: "notice_settings");

            migrationBuilder.DropTable(
                name: "notices");
        }
    }
}
