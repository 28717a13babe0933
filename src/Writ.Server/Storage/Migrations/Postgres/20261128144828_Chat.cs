using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    [DbContext(typeof(PostgresWritDb))]
    [Migration("20261128144828_Chat")]
    public partial class Chat : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Chat",
                table: "decisions",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.CreateTable(
                name: "chat_accounts",
                columns: table => new
                {
                    ActorId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Account = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    LinkedAt = table.Column<long>(type: "bigint", nullable: true),
                    Code = table.Column<byte[]>(type: "bytea", nullable: true),
                    CodeUntil = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_chat_accounts", x => x.ActorId);
                    table.ForeignKey(
                        name: "FK_chat_accounts_actors_ActorId",
                        column: x => x.ActorId,
                        principalTable: "actors",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_chat_accounts_Account",
                table: "chat_accounts",
                column: "Account",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_chat_accounts_Code",
                table: "chat_accounts",
                column: "Code",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "chat_accounts");

            migrationBuilder.DropColumn(
                name: "Chat",
                table: "decisions");
        }
    }
}
