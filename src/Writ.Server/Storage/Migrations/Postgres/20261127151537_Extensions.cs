using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    [DbContext(typeof(PostgresWritDb))]
    [Migration("20261127151537_Extensions")]
    public partial class Extensions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Turn",
                table: "runs",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "Extends",
                table: "requests",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.CreateTable(
                name: "extensions",
                columns: table => new
                {
                    RequestId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RunId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RunnerId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    State = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    From = table.Column<long>(type: "bigint", nullable: false),
                    Until = table.Column<long>(type: "bigint", nullable: false),
                    OrderBytes = table.Column<byte[]>(type: "bytea", nullable: true),
                    OrderSignature = table.Column<byte[]>(type: "bytea", nullable: true),
                    OrderKeyId = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Nonce = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Message = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_extensions", x => x.RequestId);
                    table.ForeignKey(
                        name: "FK_extensions_requests_RequestId",
                        column: x => x.RequestId,
                        principalTable: "requests",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_extensions_runs_RunId",
                        column: x => x.RunId,
                        principalTable: "runs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_requests_Extends",
                table: "requests",
                column: "Extends");

            migrationBuilder.CreateIndex(
                name: "IX_extensions_Nonce",
                table: "extensions",
                column: "Nonce",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_extensions_RunId_From",
                table: "extensions",
                columns: new[] { "RunId", "From" },
                unique: true,
                filter: "\"State\" <> 'Void'");

            migrationBuilder.CreateIndex(
                name: "IX_extensions_RunnerId_State",
                table: "extensions",
                columns: new[] { "RunnerId", "State" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "extensions");

            migrationBuilder.DropIndex(
                name: "IX_requests_Extends",
                table: "requests");

            migrationBuilder.DropColumn(
                name: "Turn",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "Extends",
                table: "requests");
        }
    }
}
